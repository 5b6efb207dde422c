"""From the ledger to tables, pages and pictures."""
