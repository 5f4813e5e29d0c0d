// Prints a token that @azure/msal-node got: node msal-node.mjs <resource> [client|object|resource <id>].
import { readFile } from "node:fs/promises";
import {
  ConfidentialClientApplication,
  ManagedIdentityApplication,
} from "@azure/msal-node";

const [resource, kind, id] = process.argv.slice(2);
const { env } = process;

async function managedIdentity() {
  const parameter = {
    client: "userAssignedClientId",
    object: "userAssignedObjectId",
    resource: "userAssignedResourceId",
  }[kind];
  const app = new ManagedIdentityApplication({
    managedIdentityIdParams: kind && { [parameter]: id },
  });
  return app.acquireToken({ resource });
}

async function workloadIdentity() {
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: id ?? env.AZURE_CLIENT_ID,
      authority: env.AZURE_AUTHORITY_HOST + env.AZURE_TENANT_ID,
      // Without it the authority is looked up at Microsoft's.
      knownAuthorities: [new URL(env.AZURE_AUTHORITY_HOST).host],
      clientAssertion: () => readFile(env.AZURE_FEDERATED_TOKEN_FILE, "utf8"),
    },
  });
  return app.acquireTokenByClientCredential({
    scopes: [`${resource}/.default`],
  });
}

const get = env.AZURE_FEDERATED_TOKEN_FILE ? workloadIdentity : managedIdentity;
const { accessToken } = await get();
process.stdout.write(accessToken);
