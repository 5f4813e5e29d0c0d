// Prints a token that @azure/identity got for an app registration whose credential is the managed
// identity: node azure-identity-federated.mjs <resource> <tenant> <client id>.
import {
  ClientAssertionCredential,
  ManagedIdentityCredential,
} from "@azure/identity";

const [resource, tenant, client] = process.argv.slice(2);
const identity = new ManagedIdentityCredential();
const credential = new ClientAssertionCredential(
  tenant,
  client,
  async () =>
    (await identity.getToken("api://AzureADTokenExchange/.default")).token,
  // Otherwise it looks up the authority at Microsoft.
  {
    authorityHost: process.env.AZURE_AUTHORITY_HOST,
    disableInstanceDiscovery: true,
  },
);
const { token } = await credential.getToken(`${resource}/.default`);
process.stdout.write(token);
