"""Lists of subscribers from other products: columns, states and dates become imported subscribers."""
