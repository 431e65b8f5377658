"""Where staff lists come from by themselves: a folder, SFTP, HTTPS, or a Wonde-style interface; each fetched when it is due."""
