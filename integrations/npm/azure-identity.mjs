// Prints a token that @azure/identity got: node azure-identity.mjs <resource> [client|object|resource <id>].
import {
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

const [resource, kind, id] = process.argv.slice(2);
const named = kind && { [`${kind}Id`]: id };
const { AZURE_FEDERATED_TOKEN_FILE, AZURE_KUBERNETES_TOKEN_PROXY } = process.env;

function workloadIdentity() {
  // The proxy answers requests about the authority. Without a proxy they would go to Microsoft.
  const through = AZURE_KUBERNETES_TOKEN_PROXY
    ? { enableAzureProxy: true }
    : { disableInstanceDiscovery: true };
  return new WorkloadIdentityCredential({ ...named, ...through });
}

const credential = AZURE_FEDERATED_TOKEN_FILE
  ? workloadIdentity()
  : new ManagedIdentityCredential(named);
const { token } = await credential.getToken(`${resource}/.default`);
process.stdout.write(token);
