"""Fetching files from elsewhere: a folder, SFTP, HTTPS. Only the public internet is reached, whatever is entered."""
