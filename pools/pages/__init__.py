"""What every page has: guards, drafts, rendering, context, and pages for errors."""
