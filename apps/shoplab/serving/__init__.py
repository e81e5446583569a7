"""Published models and live tables -> recommendations over HTTP."""
