"""One module a capability. Every rule of the product is here, once; doors only translate."""
