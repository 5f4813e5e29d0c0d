// Prints a token that the chain of @azure/identity got: node default-azure-credential.mjs <resource>.
import { DefaultAzureCredential } from "@azure/identity";

const [resource] = process.argv.slice(2);
const { token } = await new DefaultAzureCredential().getToken(
  `${resource}/.default`,
);
process.stdout.write(token);
