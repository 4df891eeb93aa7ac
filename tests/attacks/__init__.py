"""All that was thrown at jwtguard: one table of cases, each with the clause it comes from and the exact outcome."""
