"""What a likelihood costs: the variance of estimates of the bound."""
