// Prints a token that @azure/identity got: node azure-identity.mjs <resource> [client|object|resource <id>].
import {
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

const [resource, kind, id] = process.argv.slice(2);
const named = kind && { [`${kind}Id`]: id };
const credential = process.env.AZURE_FEDERATED_TOKEN_FILE
  ? new WorkloadIdentityCredential({ ...named, disableInstanceDiscovery: true })
  : new ManagedIdentityCredential(named);
const { token } = await credential.getToken(`${resource}/.default`);
process.stdout.write(token);
