// Prints a token that @azure/identity got through the token proxy of AKS, and after each line on stdin
// another one by the same credential: node azure-identity-twice.mjs <resource>...
import { createInterface } from "node:readline";
import { WorkloadIdentityCredential } from "@azure/identity";

const credential = new WorkloadIdentityCredential({ enableAzureProxy: true });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (const resource of process.argv.slice(2)) {
  const { token } = await credential.getToken(`${resource}/.default`);
  process.stdout.write(`${token}\n`);
  await lines.next();
}
