"""What rings the bell: runners ask the jobs what is due, and run it.

Rows are the truth; a lost or doubled ring changes nothing.
"""
