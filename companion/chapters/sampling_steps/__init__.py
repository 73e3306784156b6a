"""How good is a step?"""
