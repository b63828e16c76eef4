"""What evidence about applications, cloud resources, containers and code hosts names (see `mentions_evidence`)."""

from __future__ import annotations

from graphinvestigate.linking.tables import MAIN, Nested, Slot, Table, Tie


def one(
    kind: str, *ids: tuple[str, str | tuple[str, ...]], labels: tuple[str, ...] = (), facts: tuple[str, ...] = ()
) -> Slot:
    """Return the slot of what an evidence item is about; its name is its kind."""
    return Slot(kind, kind, ids, relation=MAIN, labels=labels, facts=facts)


_NAMESPACE = ("name", "namespace.name", "namespace.cluster.name")

CLOUD: dict[str, Table] = {
    "oauthApplicationEvidence": Table(
        "app",
        (one("app", ("app_id", "appId"), ("object_id", "objectId"), labels=("displayName",), facts=("publisher",)),),
    ),
    "cloudApplicationEvidence": Table(
        "saas_app",
        (
            one(
                "saas_app",
                ("saas_instance", ("instanceId", "appId")),
                ("saas_app_id", "appId"),
                ("saas_app_id", "saasAppId"),
                labels=("displayName", "instanceName"),
            ),
        ),
    ),
    "servicePrincipalEvidence": Table(
        "service_principal",
        (
            one(
                "service_principal",
                ("object_id", "servicePrincipalObjectId"),
                labels=("servicePrincipalName",),
                facts=("servicePrincipalType",),
            ),
            Slot("app", "app", (("app_id", "appId"),), labels=("servicePrincipalName",)),
        ),
        ties=(Tie("service_principal", "instance_of", "app"),),
    ),
    "aiAgentEvidence": Table(
        "ai_agent", (one("ai_agent", ("agent_id", "agentId"), labels=("agentName",), facts=("hostingPlatformType",)),)
    ),
    "azureResourceEvidence": Table(
        "cloud_resource",
        (one("cloud_resource", ("resource_id", "resourceId"), labels=("resourceName",), facts=("resourceType",)),),
    ),
    "amazonResourceEvidence": Table(
        "cloud_resource",
        (
            one(
                "cloud_resource",
                ("resource_id", "amazonResourceId"),
                labels=("resourceName", "amazonResourceId"),
                facts=("resourceType", "amazonAccountId"),
            ),
        ),
    ),
    "googleCloudResourceEvidence": Table(
        "cloud_resource",
        (
            one(
                "cloud_resource",
                ("resource_id", "fullResourceName"),
                ("google_resource", ("resourceName", "projectId", "resourceType")),
                labels=("resourceName", "fullResourceName"),
                facts=("resourceType", "projectId"),
            ),
        ),
    ),
    "blobContainerEvidence": Table(
        "blob_container",
        (
            one(
                "blob_container",
                ("url", "url"),
                ("container", ("name", "storageResource.resourceId")),
                labels=("name",),
            ),
        ),
        nested=(Nested("storage", "storageResource", "azureResourceEvidence"),),
        ties=(Tie("blob_container", "part_of", "storage"),),
    ),
    "blobEvidence": Table(
        "blob",
        (
            one("blob", ("url", "url"), ("blob", ("name", "blobContainer.url")), labels=("name",)),
            Slot("file", "file", (("hash", ("value", "algorithm")),), "fileHashes[]"),
        ),
        nested=(Nested("container", "blobContainer", "blobContainerEvidence"),),
        ties=(Tie("blob", "part_of", "container"), Tie("blob", "has_content", "file")),
    ),
    "sasTokenEvidence": Table(
        "sas_token",
        (
            one(
                "sas_token",
                ("signature_hash", "signatureHash"),
                labels=("signatureHash",),
                facts=("permissions", "allowedIpAddresses"),
            ),
        ),
        nested=(Nested("storage", "storageResource", "azureResourceEvidence"),),
        ties=(Tie("sas_token", "opens", "storage"),),
    ),
    "containerEvidence": Table(
        "container",
        (one("container", ("container_id", "containerId"), labels=("name", "containerId"), facts=("command", "args")),),
        nested=(Nested("image", "image", "containerImageEvidence"), Nested("pod", "pod", "kubernetesPodEvidence")),
        ties=(Tie("container", "runs_image", "image"), Tie("container", "part_of", "pod")),
    ),
    "containerImageEvidence": Table(
        "container_image",
        (one("container_image", ("image_id", "imageId"), labels=("imageId",)),),
        nested=(
            Nested("digest", "digestImage", "containerImageEvidence"),
            Nested("registry", "registry", "containerRegistryEvidence"),
        ),
        ties=(Tie("container_image", "same_content_as", "digest"), Tie("container_image", "part_of", "registry")),
    ),
    "containerRegistryEvidence": Table(
        "container_registry", (one("container_registry", ("registry", "registry"), labels=("registry",)),)
    ),
    "kubernetesClusterEvidence": Table(
        "kubernetes_cluster",
        (
            one(
                "kubernetes_cluster",
                ("cluster", ("name", "cloudResource.resourceId")),
                labels=("name",),
                facts=("platform", "version"),
            ),
        ),
        nested=(Nested("resource", "cloudResource", "azureResourceEvidence"),),
        ties=(Tie("kubernetes_cluster", "runs_on", "resource"),),
    ),
    "kubernetesNamespaceEvidence": Table(
        "kubernetes_namespace",
        (one("kubernetes_namespace", ("namespace", ("name", "cluster.name")), labels=("name",)),),
        nested=(Nested("cluster", "cluster", "kubernetesClusterEvidence"),),
        ties=(Tie("kubernetes_namespace", "part_of", "cluster"),),
    ),
    "kubernetesPodEvidence": Table(
        "kubernetes_pod",
        (
            one("kubernetes_pod", ("pod", _NAMESPACE), labels=("name",)),
            Slot("ip", "ip", (("ip", "ipAddress"),), "podIp"),
        ),
        nested=(
            Nested("namespace", "namespace", "kubernetesNamespaceEvidence"),
            Nested("account", "serviceAccount", "kubernetesServiceAccountEvidence"),
            Nested("controller", "controller", "kubernetesControllerEvidence"),
            Nested("container", "containers[]", "containerEvidence"),
            Nested("container", "initContainers[]", "containerEvidence"),
            Nested("container", "ephemeralContainers[]", "containerEvidence"),
        ),
        ties=(
            Tie("kubernetes_pod", "part_of", "namespace"),
            Tie("kubernetes_pod", "runs_as", "account"),
            Tie("controller", "controls", "kubernetes_pod"),
            Tie("container", "part_of", "kubernetes_pod"),
            Tie("kubernetes_pod", "has_address", "ip"),
        ),
    ),
    "kubernetesServiceEvidence": Table(
        "kubernetes_service",
        (
            one("kubernetes_service", ("service", _NAMESPACE), labels=("name",), facts=("serviceType",)),
            Slot("ip", "ip", (("ip", "ipAddress"),), "clusterIP"),
            Slot("ip", "ip", (("ip", "ipAddress"),), "externalIPs[]"),
        ),
        nested=(Nested("namespace", "namespace", "kubernetesNamespaceEvidence"),),
        ties=(Tie("kubernetes_service", "part_of", "namespace"), Tie("kubernetes_service", "has_address", "ip")),
    ),
    "gitHubUserEvidence": Table(
        "github_user",
        (
            one(
                "github_user",
                ("github_user_id", "userId"),
                ("github_login", "login"),
                labels=("login", "name"),
                facts=("email", "webUrl"),
            ),
        ),
    ),
    "gitHubRepoEvidence": Table(
        "github_repo",
        (
            one(
                "github_repo",
                ("github_repo_id", "repoId"),
                ("github_repo", ("login", "owner")),
                labels=("login",),
                facts=("baseUrl",),
            ),
        ),
    ),
    "gitHubOrganizationEvidence": Table(
        "github_organization",
        (
            one(
                "github_organization",
                ("github_org_id", "orgId"),
                ("github_login", "login"),
                labels=("displayName", "login"),
                facts=("webUrl",),
            ),
        ),
    ),
    **{
        f"kubernetes{name}Evidence": Table(
            kind,
            (one(kind, (kind, _NAMESPACE), labels=("name",), facts=facts),),
            nested=(Nested("namespace", "namespace", "kubernetesNamespaceEvidence"),),
            ties=(Tie(kind, "part_of", "namespace"),),
        )
        for name, kind, facts in (
            ("Controller", "kubernetes_controller", ("type",)),
            ("Secret", "kubernetes_secret", ("secretType",)),
            ("ServiceAccount", "kubernetes_service_account", ()),
        )
    },
}
