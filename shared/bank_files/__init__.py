"""银行文件 · Bank files: orders to banks, and their answers and statements, in each bank's own format."""
