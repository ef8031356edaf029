"""What a valid contact is: cells made uniform, and the rules that they are held against."""
