"""The small files that saved copies of the collection are made of. Pure: values in, values out."""
