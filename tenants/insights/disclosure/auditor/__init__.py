"""Works out, from what is published and nothing else, what anybody could know of hidden numbers. Shares no code with what hid
them, and is never given a hidden value.

    from tenants.insights.disclosure.auditor.process import audit_documents

    found = audit_documents([first_release, second_release])
    found.passed, found.problems, found.intervals["referrals|concern=mixed"]
"""
