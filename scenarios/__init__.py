"""The planner's side: cases, scenarios, runs, comparisons, reports and the command line."""
