"""What names nobody: words that every tenant shares, and that a reader needs to understand what happened."""

from __future__ import annotations

ACCOUNTS = frozenset(
    {
        *("system", "local service", "network service", "localsystem", "localservice", "networkservice", "nobody"),
        *("anonymous logon", "anonymous", "administrator", "admin", "guest", "root", "krbtgt", "defaultaccount"),
        *("everyone", "authenticated users", "users", "administrators", "unknown", "none", "null", "n/a", "-", "--"),
        *("wdagutilityaccount", "iusr", "trustedinstaller", "soc analyst", "microsoft"),
    }
)
NETBIOS = frozenset(
    {
        *("nt authority", "nt-autorität", "autorite nt", "autorité nt", "nt service", "builtin", "workgroup"),
        *("azuread", "microsoftaccount", "window manager", "font driver host", "iis apppool", "localhost", "."),
    }
)
HOSTS = frozenset({"localhost", "localhost.localdomain", "broadcasthost"})
# Microsoft's own: portals and services that every tenant uses.
DOMAINS = (
    *("microsoft.com", "microsoftonline.com", "microsoftonline.us", "microsoft.us", "office.com", "office365.com"),
    *("office365.us", "office.net", "outlook.com", "windows.net", "windows.com", "azure.com", "azure.net", "live.com"),
    *("azurewebsites.net", "sharepoint.com", "onmicrosoft.com", "onmicrosoft.us", "cloudapp.net", "msftauth.net"),
    *("windowsupdate.com", "w3.org", "oasis-open.org", "graphml.graphdrawing.org", "gexf.net", "plot.ly", "schema.org"),
)
# Below these each name is somebody's.
SHARED_DOMAINS = frozenset({"onmicrosoft.com", "onmicrosoft.us", "sharepoint.com", "azurewebsites.net", "outlook.com"})
# Labels of domains that are nobody's, or words that our own pseudonyms have.
LABELS = frozenset(
    {
        *("onmicrosoft", "microsoft", "microsoftonline", "sharepoint", "outlook", "azurewebsites", "office"),
        *("example", "domain", "person", "folder", "subject", "local", "internal", "intranet"),
    }
)
FOLDERS = frozenset(
    {
        *("windows", "system32", "syswow64", "sysnative", "system", "drivers", "tasks", "winsxs", "servicing"),
        *("windowspowershell", "powershell", "v1.0", "wbem", "users", "public", "default", "all users", "home", "root"),
        *("program files", "program files (x86)", "programdata", "appdata", "local", "locallow", "roaming", "temp"),
        *("tmp", "downloads", "documents", "desktop", "pictures", "videos", "music", "favorites", "contacts"),
        *("microsoft", "microsoft office", "office", "office15", "office16", "outlook", "edge", "internet explorer"),
        *("inetcache", "content.outlook", "startup", "start menu", "programs", "packages", "onedrive", "sharepoint"),
        *("windows defender", "windows defender advanced threat protection", "common files", "recycle.bin"),
        *(
            "$recycle.bin",
            "perflogs",
            "var",
            "log",
            "usr",
            "bin",
            "sbin",
            "lib",
            "opt",
            "etc",
            "dev",
            "proc",
            "library",
        ),
        *("applications", "volumes", "private", "root$", "admin$", "c$", "ipc$", "netlogon", "sysvol", "print$"),
    }
)
FILES = frozenset(
    {
        *("cmd.exe", "powershell.exe", "powershell_ise.exe", "pwsh.exe", "explorer.exe", "svchost.exe", "services.exe"),
        *(
            "lsass.exe",
            "lsass.dmp",
            "winlogon.exe",
            "wininit.exe",
            "csrss.exe",
            "smss.exe",
            "spoolsv.exe",
            "taskeng.exe",
        ),
        *("taskhostw.exe", "rundll32.exe", "regsvr32.exe", "reg.exe", "regedit.exe", "mshta.exe", "wscript.exe"),
        *("cscript.exe", "wmic.exe", "wmiprvse.exe", "net.exe", "net1.exe", "netsh.exe", "nltest.exe", "whoami.exe"),
        *("ipconfig.exe", "systeminfo.exe", "tasklist.exe", "taskkill.exe", "schtasks.exe", "sc.exe", "at.exe"),
        *("bitsadmin.exe", "certutil.exe", "msbuild.exe", "installutil.exe", "msiexec.exe", "control.exe", "hh.exe"),
        *("winword.exe", "excel.exe", "powerpnt.exe", "outlook.exe", "onenote.exe", "msedge.exe", "chrome.exe"),
        *("firefox.exe", "iexplore.exe", "teams.exe", "onedrive.exe", "acrord32.exe", "notepad.exe", "wordpad.exe"),
        *("conhost.exe", "dllhost.exe", "searchindexer.exe", "runtimebroker.exe", "psexec.exe", "psexesvc.exe"),
        *(
            "procdump.exe",
            "procdump64.exe",
            "vssadmin.exe",
            "wbadmin.exe",
            "ntdsutil.exe",
            "esentutl.exe",
            "robocopy.exe",
        ),
        *("curl.exe", "ssh.exe", "ftp.exe", "tar.exe", "werfault.exe", "comsvcs.dll", "ntds.dit", "sam", "bash", "sh"),
        *("sudo", "curl", "wget", "python", "python3", "python.exe", "java.exe", "javaw.exe", "node.exe"),
    }
)
# What a name may end in and still be taken for a domain by its look alone; the others are file endings as well.
TLDS = frozenset(
    {
        *("com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "io", "co", "eu", "de", "fr", "uk", "nl"),
        *("be", "ch", "at", "it", "es", "se", "no", "fi", "dk", "cz", "ru", "cn", "jp", "kr", "in", "au", "nz", "ca"),
        *("us", "br", "mx", "za", "ua", "tr", "app", "cloud", "online", "site", "xyz", "top", "shop", "club", "tech"),
        *("example", "test", "invalid", "local", "internal", "intranet", "lan", "corp", "onion", "link", "click"),
    }
)
