"""Prints a token that azure-identity got: azure_identity.py RESOURCE [client|object|resource ID]."""

import os
import sys

from azure.identity import ManagedIdentityCredential

resource, *named = sys.argv[1:]
options = {}
if named:
    kind, value = named
    if kind == "client":
        options["client_id"] = value
    elif kind == "object":
        options["identity_config"] = {"object_id": value}
    else:
        # The name of the parameter is the program's business: App Service has one of its own.
        name = "mi_res_id" if "IDENTITY_HEADER" in os.environ else "msi_res_id"
        options["identity_config"] = {name: value}
# Retries have tests of their own; here they would make a refusal slow.
credential = ManagedIdentityCredential(retry_total=0, **options)
print(credential.get_token(resource + "/.default").token, end="")
