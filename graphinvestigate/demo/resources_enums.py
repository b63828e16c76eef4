"""Enumerations that Graph filters on or veils, in the order of their values.

Members after ``unknownFutureValue`` were added later: Graph answers ``unknownFutureValue`` in their place unless
the request says ``Prefer: include-unknown-enum-members``.
"""

from __future__ import annotations

SENTINEL = "unknownFutureValue"

ENUMS: dict[str, tuple[str, ...]] = {
    name: tuple(members.split())
    for name, members in {
        "alertClassification": ("unknown falsePositive truePositive informationalExpectedActivity unknownFutureValue"),
        "alertDetermination": (
            "unknown apt malware securityPersonnel securityTesting unwantedSoftware other multiStagedAttack "
            "compromisedAccount phishing maliciousUserActivity notMalicious notEnoughDataToValidate "
            "confirmedActivity lineOfBusinessApplication unknownFutureValue"
        ),
        "alertSeverity": "unknown informational low medium high unknownFutureValue",
        "alertStatus": "unknown new inProgress resolved unknownFutureValue",
        "incidentStatus": "active resolved inProgress redirected unknownFutureValue awaitingAction",
        "serviceSource": (
            "unknown microsoftDefenderForEndpoint microsoftDefenderForIdentity microsoftDefenderForCloudApps "
            "microsoftDefenderForOffice365 microsoft365Defender azureAdIdentityProtection "
            "microsoftAppGovernance dataLossPrevention unknownFutureValue microsoftDefenderForCloud "
            "microsoftSentinel microsoftInsiderRiskManagement microsoftThreatIntelligence "
            "microsoftSecurityForAI"
        ),
        "detectionSource": (
            "unknown microsoftDefenderForEndpoint antivirus smartScreen customTi "
            "microsoftDefenderForOffice365 automatedInvestigation microsoftThreatExperts customDetection "
            "microsoftDefenderForIdentity cloudAppSecurity microsoft365Defender azureAdIdentityProtection "
            "manual microsoftDataLossPrevention appGovernancePolicy appGovernanceDetection "
            "unknownFutureValue microsoftDefenderForCloud microsoftDefenderForIoT "
            "microsoftDefenderForServers microsoftDefenderForStorage microsoftDefenderForDNS "
            "microsoftDefenderForDatabases microsoftDefenderForContainers microsoftDefenderForNetwork "
            "microsoftDefenderForAppService microsoftDefenderForKeyVault "
            "microsoftDefenderForResourceManager microsoftDefenderForApiManagement nrtAlerts "
            "scheduledAlerts microsoftDefenderThreatIntelligenceAnalytics builtInMl "
            "microsoftInsiderRiskManagement microsoftThreatIntelligence microsoftDefenderForAIServices "
            "securityCopilot microsoftSentinel"
        ),
        "evidenceRemediationStatus": (
            "none remediated prevented blocked notFound unknownFutureValue active pendingApproval declined "
            "unremediated running partiallyRemediated"
        ),
        "riskLevel": "low medium high hidden none unknownFutureValue",
        "riskState": ("none confirmedSafe remediated dismissed atRisk confirmedCompromised unknownFutureValue"),
        "riskDetail": (
            "none adminGeneratedTemporaryPassword userPerformedSecuredPasswordChange "
            "userPerformedSecuredPasswordReset adminConfirmedSigninSafe aiConfirmedSigninSafe "
            "userPassedMFADrivenByRiskBasedPolicy adminDismissedAllRiskForUser "
            "adminConfirmedSigninCompromised hidden adminConfirmedUserCompromised unknownFutureValue "
            "m365DAdminDismissedDetection adminConfirmedServicePrincipalCompromised "
            "adminDismissedAllRiskForServicePrincipal userChangedPasswordOnPremises "
            "adminDismissedRiskForSignIn adminConfirmedAccountSafe microsoftRevokedSessions"
        ),
        "activityType": "signin user unknownFutureValue servicePrincipal",
        "tokenIssuerType": (
            "AzureAD ADFederationServices UnknownFutureValue AzureADBackupAuth "
            "ADFederationServicesMFAAdapter NPSExtension"
        ),
        "riskDetectionTimingType": "notDefined realtime nearRealtime offline unknownFutureValue",
        "operationResult": "success failure timeout unknownFutureValue",
        "conditionalAccessStatus": "success failure notApplied unknownFutureValue",
        "riskEventType": (
            "unlikelyTravel anonymizedIPAddress maliciousIPAddress unfamiliarFeatures "
            "malwareInfectedIPAddress suspiciousIPAddress leakedCredentials "
            "investigationsThreatIntelligence generic adminConfirmedUserCompromised mcasImpossibleTravel "
            "mcasSuspiciousInboxManipulationRules investigationsThreatIntelligenceSigninLinked "
            "maliciousIPAddressValidCredentialsBlockedIP unknownFutureValue"
        ),
        "appliedConditionalAccessPolicyResult": (
            "success failure notApplied notEnabled unknown unknownFutureValue reportOnlySuccess "
            "reportOnlyFailure reportOnlyNotApplied reportOnlyInterrupted"
        ),
    }.items()
}

RANKS: dict[str, dict[str, int]] = {
    name: {member.casefold(): rank for rank, member in enumerate(members)} for name, members in ENUMS.items()
}
"""Rank of each member by its case-folded name: Graph compares enumerations by value, and names without case."""


def member(enum: str, name: str) -> str:
    """The member of that name as Graph spells it, whatever the case."""
    return ENUMS[enum][RANKS[enum][name.casefold()]]


def _late(members: tuple[str, ...]) -> dict[str, str]:
    sentinel = next((i for i, member in enumerate(members) if member.lower() == SENTINEL.lower()), None)
    return {} if sentinel is None else dict.fromkeys(members[sentinel + 1 :], members[sentinel])


LATE: dict[str, dict[str, str]] = {name: late for name, members in ENUMS.items() if (late := _late(members))}
"""For each enumeration with late members: what is sent in each late member's place."""
