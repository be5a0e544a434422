"""Jobs from sources to articles: polls, pages, sitemap parts, pushes, source lists and previews.

The route of a poll, from a source that is due to its rows::

    polls.IngestJob.run                claim due sources (claims), send their HTTP requests (source_reading)
    | poll_batches.PollBatches         take a batch of responses; drop unchanged documents (change_detection)
    | poll_parsing.parse_together      parse the changed documents in worker processes (ParseRequest)
    | entry_plan.plan_entries          decide each entry: new, changed, same, refused; rules; pages to queue
    | poll_storing.PollStoring.save    a transaction: write_plans (entry_importer), source states, hubs
    > SourceOutcome

A poll without news goes from ``poll_batches`` back to ``polls``, which stores many such polls in a
transaction. Pages, sitemap parts and pushes use the same plan and ``write_plans`` in their own transactions.
"""
