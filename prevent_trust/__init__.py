"""The machine: settings, database, tenancy, queues, mail, storage. It knows no school vocabulary."""
