"""Small tables -> charts, one module a section. Each function gives an inline SVG that takes the page's text colour."""
