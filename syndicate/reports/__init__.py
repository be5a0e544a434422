"""Reports for operators as frozen values. Commands print them, and web pages may show them."""
