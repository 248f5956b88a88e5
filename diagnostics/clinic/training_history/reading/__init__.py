"""From a file of any tool to runs: tables, JSON, printed logs, event files and the recorder's file."""
