"""What tools/async-stubs is made of."""
