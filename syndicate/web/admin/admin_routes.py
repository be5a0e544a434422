"""Table of all routes below ``/admin``, in the order in which they are matched."""

from syndicate.web.admin.admin_request import BOTH, POST, PUBLIC, AdminRoute
from syndicate.web.admin.pages import (
    access_pages,
    account_pages,
    admin_story_pages,
    api_page,
    channel_pages,
    delivery_pages,
    edition_pages,
    newsletter_pages,
    sign_in_pages,
    source_add_pages,
    source_pages,
    subscriber_pages,
    system_pages,
    webhook_pages,
)

_EDITION, _PERSON = "/editions/{id:int}", "/subscribers/{id:int}"

ADMIN_ROUTES: tuple[AdminRoute, ...] = (
    AdminRoute(sign_in_pages.sign_in, "/sign-in", PUBLIC, BOTH, "sign in"),
    AdminRoute(sign_in_pages.send_code, "/sign-in/code", PUBLIC, POST, "code of the second step"),
    AdminRoute(sign_in_pages.sign_out, "/sign-out", "", POST, "sign out"),
    AdminRoute(sign_in_pages.confirm, "/confirm", "", BOTH, "give the password again"),
    AdminRoute(sign_in_pages.again, "/again/{key}", "", purpose="send a form that waited for a sign-in"),
    AdminRoute(sign_in_pages.lost_password, "/password-lost", PUBLIC, BOTH, "ask for a new password"),
    AdminRoute(sign_in_pages.set_password, "/password/{key}", PUBLIC, BOTH, "set a password by a link"),
    AdminRoute(account_pages.account, "/account", "", BOTH, "own account"),
    AdminRoute(account_pages.password, "/account/password", "", POST, "change the own password"),
    AdminRoute(account_pages.second_step, "/account/second-step", "", BOTH, "set up a second step", POST),
    AdminRoute(
        account_pages.second_step_off, "/account/second-step/off", "", POST, "end the second step", POST
    ),
    AdminRoute(account_pages.end_session, "/account/sessions", "", POST, "end sessions"),
    AdminRoute(access_pages.users, "/settings/users", "admin:write", BOTH, "users and invitations", POST),
    AdminRoute(access_pages.user, "/settings/users/{id:int}", "admin:write", BOTH, "a user", POST),
    AdminRoute(access_pages.tokens, "/settings/tokens", "", BOTH, "API tokens", POST),
    AdminRoute(access_pages.revoke_token, "/settings/tokens/{id:int}", "", POST, "revoke a token", POST),
    AdminRoute(access_pages.audit, "/settings/audit", "admin:read", purpose="audit log"),
    AdminRoute(
        access_pages.audit_lines, "/settings/audit.ndjson", "admin:read", purpose="its lines", fresh=("GET",)
    ),
    AdminRoute(sign_in_pages.first_run, "/first-run", "admin:write", purpose="steps of a new installation"),
    AdminRoute(sign_in_pages.set_up, "/setup/{key}", PUBLIC, BOTH, "add the first user"),
    AdminRoute(system_pages.overview, "/", "sources:read", purpose="overview"),
    AdminRoute(source_pages.sources, "/sources", "sources:read", BOTH, "list of sources"),
    AdminRoute(
        source_pages.sources_csv, "/sources.csv", "sources:read", purpose="sources as CSV", fresh=("GET",)
    ),
    AdminRoute(
        source_pages.export, "/sources/export", "sources:read", purpose="sources as OPML", fresh=("GET",)
    ),
    AdminRoute(source_add_pages.add, "/sources/add", "sources:write", BOTH, "add a source"),
    AdminRoute(source_add_pages.look, "/sources/look/{look}", "sources:write", BOTH, "found sources"),
    AdminRoute(source_add_pages.import_list, "/sources/import", "sources:write", BOTH, "import OPML"),
    AdminRoute(
        source_add_pages.review_import, "/sources/import/{look}", "sources:write", BOTH, "review an import"
    ),
    AdminRoute(source_pages.source, "/sources/{id:int}", "sources:read", BOTH, "a source"),
    AdminRoute(source_pages.polls, "/sources/{id:int}/polls", "sources:read", purpose="polls of a source"),
    AdminRoute(source_pages.edit, "/sources/{id:int}/edit", "sources:write", BOTH, "edit a source"),
    AdminRoute(source_add_pages.rules, "/rules", "sources:read", purpose="try the rules"),
    AdminRoute(admin_story_pages.stories, "/stories", "articles:read", purpose="lists of stories"),
    AdminRoute(admin_story_pages.decide, "/stories/decide", "stories:write", POST, "decide in a list"),
    AdminRoute(admin_story_pages.regroup, "/stories/regroup", "stories:write", POST, "merge, split, move"),
    AdminRoute(admin_story_pages.searches, "/stories/searches", "channels:read", BOTH, "saved searches"),
    AdminRoute(admin_story_pages.decisions, "/stories/decisions", "articles:read", purpose="editor's log"),
    AdminRoute(admin_story_pages.story, "/stories/{number:int}", "articles:read", BOTH, "story"),
    AdminRoute(admin_story_pages.articles, "/articles", "articles:read", purpose="list of articles"),
    AdminRoute(admin_story_pages.article, "/articles/{uid}", "articles:read", BOTH, "article"),
    AdminRoute(channel_pages.channels, "/channels", "channels:read", purpose="channels"),
    AdminRoute(channel_pages.add_channel, "/channels/add", "channels:write", BOTH, "add a channel"),
    AdminRoute(channel_pages.channel, "/channels/{name}", "channels:read", BOTH, "a channel"),
    AdminRoute(channel_pages.rename_channel, "/channels/{name}/rename", "channels:write", POST, "rename"),
    AdminRoute(channel_pages.remove_channel, "/channels/{name}/remove", "channels:write", BOTH, "take down"),
    AdminRoute(channel_pages.restore_channel, "/channels/{name}/restore", "channels:write", POST, "restore"),
    AdminRoute(newsletter_pages.newsletters, "/newsletters", "newsletters:read", purpose="newsletters"),
    AdminRoute(newsletter_pages.calendar, "/newsletters/calendar", "newsletters:read", purpose="calendar"),
    AdminRoute(
        newsletter_pages.add_newsletter, "/newsletters/add", "newsletters:write", BOTH, "add a newsletter"
    ),
    AdminRoute(newsletter_pages.newsletter, "/newsletters/{name}", "newsletters:read", purpose="newsletter"),
    AdminRoute(
        newsletter_pages.mail, "/newsletters/{name}/mail/{form}", "newsletters:read", purpose="next mail"
    ),
    AdminRoute(newsletter_pages.edit, "/newsletters/{name}/edit", "newsletters:write", BOTH, "edit"),
    AdminRoute(newsletter_pages.change, "/newsletters/{name}/state", "newsletters:write", POST, "pause"),
    AdminRoute(newsletter_pages.send_test, "/newsletters/{name}/test", "editions:write", POST, "send a test"),
    AdminRoute(edition_pages.issue, "/editions/add", "editions:write", BOTH, "write a one-off issue"),
    AdminRoute(edition_pages.edition, _EDITION, "editions:read", BOTH, "review an edition"),
    AdminRoute(edition_pages.edition_mail, f"{_EDITION}/mail", "editions:read", purpose="its mail"),
    AdminRoute(edition_pages.approve, f"{_EDITION}/approve", "editions:send", BOTH, "approve an edition"),
    AdminRoute(edition_pages.withdraw, f"{_EDITION}/withdraw", "editions:send", BOTH, "never send it"),
    AdminRoute(edition_pages.take_back, f"{_EDITION}/take-back", "editions:send", POST, "take it back"),
    AdminRoute(edition_pages.correct, f"{_EDITION}/correct", "editions:send", POST, "correct it"),
    AdminRoute(delivery_pages.deliveries, "/deliveries", "deliveries:read", purpose="deliveries"),
    AdminRoute(delivery_pages.decide, "/deliveries/decide", "deliveries:write", POST, "send again"),
    AdminRoute(delivery_pages.pause, "/deliveries/pause", "deliveries:write", POST, "pause sending"),
    AdminRoute(delivery_pages.resume, "/deliveries/resume", "deliveries:write", POST, "resume sending"),
    AdminRoute(subscriber_pages.subscribers, "/subscribers", "deliveries:read", purpose="subscribers"),
    AdminRoute(subscriber_pages.add, "/subscribers/add", "subscribers:write", BOTH, "add a subscriber"),
    AdminRoute(subscriber_pages.import_file, "/subscribers/import", "subscribers:write", BOTH, "import"),
    AdminRoute(
        subscriber_pages.import_plan, "/subscribers/import/{key}", "subscribers:write", BOTH, "its plan"
    ),
    AdminRoute(subscriber_pages.export, "/subscribers/export", "subscribers:read", POST, "export", POST),
    AdminRoute(subscriber_pages.subscriber, _PERSON, "subscribers:read", purpose="a subscriber"),
    AdminRoute(subscriber_pages.act, _PERSON, "subscribers:write", POST, "change a subscriber"),
    AdminRoute(subscriber_pages.data, f"{_PERSON}/data", "subscribers:read", POST, "all data", POST),
    AdminRoute(subscriber_pages.erase, f"{_PERSON}/erased", "subscribers:write", POST, "erase", POST),
    AdminRoute(subscriber_pages.confirm, f"{_PERSON}/{{what}}", "subscribers:write", purpose="ask first"),
    AdminRoute(webhook_pages.webhooks, "/settings/webhooks", "admin:read", BOTH, "webhooks", POST),
    AdminRoute(webhook_pages.webhook, "/settings/webhooks/{id:int}", "admin:read", BOTH, "a webhook", POST),
    AdminRoute(webhook_pages.posts, "/deliveries/posts", "deliveries:read", BOTH, "posts to other networks"),
    AdminRoute(system_pages.settings, "/settings", "", purpose="settings in force"),
    AdminRoute(system_pages.health, "/settings/health", "sources:read", purpose="checks"),
    AdminRoute(system_pages.system, "/system", "admin:read", purpose="system"),
    AdminRoute(system_pages.try_again, "/system/retry", "admin:write", POST, "try a failed thing again"),
    AdminRoute(system_pages.back_up, "/system/backup", "admin:write", POST, "back up now", POST),
    AdminRoute(
        system_pages.download_backup, "/system/backups/{name}", "admin:write", POST, "download a backup", POST
    ),
    AdminRoute(api_page.describe_api, "/api", "", purpose="description of the API"),
)
