"""What limits a service, and what each remedy brings."""
