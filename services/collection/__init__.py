"""Collection: one declaration in, one bill out, money received and split to the funds."""
