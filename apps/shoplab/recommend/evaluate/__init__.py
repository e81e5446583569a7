"""How good are the recommendations? Rankings of the whole catalogue against what shoppers did next."""
