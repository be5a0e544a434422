"""Cut, review and release the editions of newsletters.

``EditionJob.run`` takes each period that ended from its schedule to its mails::

    due_periods.due_periods                 newsletters, now -> periods without an edition
      | due_periods.Readiness.look          wait until sources are read and articles placed
      | selection.Selector.choose           -> stories, and a reason for each article left out
      | renderer.EditionRenderer.draft      -> content -> HTML and text -> trimmed -> lint findings
      | edition_storing.store_draft         -> edition and deliveries, in a single commit
      | variants.cut_variants               the same for each choice of sections, languages, cadence
      | ReviewService.release_overdue       editions whose review time has passed -> deliveries
"""
