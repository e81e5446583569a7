"""`./lab chaos`: what can break beside and under a running stream is broken, and then everything has to add up."""
