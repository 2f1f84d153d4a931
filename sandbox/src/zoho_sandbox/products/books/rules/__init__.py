"""What Books' pages say: modules, fields, amounts, errors, filters; nothing is kept here."""
