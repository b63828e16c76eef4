"""What evidence about mail and chat names (see `mentions_evidence`)."""

from __future__ import annotations

from graphinvestigate.linking.slots import mail_address, url_host_of
from graphinvestigate.linking.tables import MAIN, Nested, Slot, Table, Tie

_MAIL_SENT = (
    Tie("sender", "sent", "message"),
    Tie("message", "sent_to", "recipient"),
    Tie("message", "sent_from", "ip"),
)

MAIL: dict[str, Table] = {
    "mailboxEvidence": Table(
        "mailbox",
        (
            Slot(
                "mailbox",
                "mailbox",
                (("address", "primaryAddress"),),
                relation=MAIN,
                labels=("primaryAddress", "displayName"),
            ),
            Slot(
                "user",
                "user",
                (
                    ("object_id", "userAccount.azureAdUserId"),
                    ("sid", "userAccount.userSid"),
                    ("ad_object_guid", "userAccount.activeDirectoryObjectGuid"),
                    ("upn", "userAccount.userPrincipalName"),
                    ("upn", "upn"),
                    ("account", ("userAccount.accountName", "userAccount.domainName")),
                ),
                relation=MAIN,
                labels=("userAccount.userPrincipalName", "upn", "displayName", "userAccount.displayName"),
            ),
        ),
        ties=(Tie("user", "uses_mailbox", "mailbox"),),
    ),
    "mailboxConfigurationEvidence": Table(
        "mailbox_configuration",
        (
            Slot(
                "configuration",
                "mailbox_configuration",
                (("configuration_id", "configurationId"),),
                relation=MAIN,
                labels=("displayName", "configurationId"),
                facts=("configurationType",),
            ),
            mail_address("mailbox", "mailboxPrimaryAddress"),
            Slot(
                "user",
                "user",
                (("object_id", "externalDirectoryObjectId"), ("upn", "upn")),
                labels=("upn",),
            ),
        ),
        ties=(Tie("mailbox", "has_configuration", "configuration"), Tie("user", "uses_mailbox", "mailbox")),
    ),
    "analyzedMessageEvidence": Table(
        "mail_message",
        (
            Slot(
                "message",
                "mail_message",
                (("network_message_id", "networkMessageId"), ("internet_message_id", "internetMessageId")),
                relation=MAIN,
                labels=("subject", "networkMessageId"),
                facts=("subject", "deliveryAction", "deliveryLocation", "antiSpamDirection", "threats"),
            ),
            mail_address("sender", "p1Sender.emailAddress"),
            mail_address("sender", "p2Sender.emailAddress"),
            mail_address("recipient", "recipientEmailAddress"),
            Slot("ip", "ip", (("ip", "senderIp"),)),
            Slot("url", "url", (("url", ""),), "urls[]"),
            *url_host_of("", "urls[]"),
        ),
        ties=(*_MAIL_SENT, Tie("message", "links_to", "url"), Tie("url", "hosted_at", "url_host", beside=True)),
    ),
    "submissionMailEvidence": Table(
        "mail_message",
        (
            Slot(
                "message",
                "mail_message",
                (("network_message_id", "networkMessageId"),),
                relation=MAIN,
                labels=("subject", "networkMessageId"),
                facts=("subject", "reportType"),
            ),
            Slot("submission", "mail_submission", (("submission_id", "submissionId"),), labels=("subject",)),
            mail_address("sender", "sender"),
            mail_address("recipient", "recipient"),
            mail_address("submitter", "submitter"),
            Slot("ip", "ip", (("ip", "senderIp"),)),
        ),
        ties=(*_MAIL_SENT, Tie("submitter", "reported", "message"), Tie("submission", "about", "message")),
    ),
    "mailClusterEvidence": Table(
        "mail_cluster",
        (
            Slot(
                "cluster",
                "mail_cluster",
                (("urn", "urn"), ("cluster", ("clusterByValue", "clusterBy"))),
                relation=MAIN,
                labels=("clusterByValue", "clusterBy"),
                facts=("query", "emailCount"),
            ),
            Slot("message", "mail_message", (("network_message_id", ""),), "networkMessageIds[]"),
        ),
        ties=(Tie("cluster", "groups", "message"),),
    ),
    "teamsMessageEvidence": Table(
        "teams_message",
        (
            Slot(
                "message",
                "teams_message",
                (("teams_message_id", ("messageId", "threadId")), ("message_id", "messageId")),
                relation=MAIN,
                labels=("subject", "messageId"),
                facts=("deliveryAction", "deliveryLocation", "isExternal"),
            ),
            mail_address("sender", "senderFromAddress"),
            Slot("recipient", "mailbox", (("address", ""),), "recipients[]", labels=("",)),
            Slot("ip", "ip", (("ip", "senderIP"),)),
        ),
        nested=(Nested("file", "files[]", "fileEvidence"), Nested("url", "urls[]", "urlEvidence")),
        ties=(*_MAIL_SENT, Tie("message", "carries", "file"), Tie("message", "links_to", "url")),
    ),
}
