"""COQL: the query language of CRM, read, checked and answered here.

Not covered: role and profile paths, territories, consent lookups, date functions,
tuples. They are answered with SYNTAX_ERROR "given coql query not supported".

source: https://www.zoho.com/crm/developer/docs/api/v7/Get-Records-through-COQL-Query.html
"""
