// Compile the schemas of a folder with Ajv in its strict mode; print what each says of the documents that were given.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import addFormats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";

const folder = process.argv[2];
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const documents = JSON.parse(Buffer.concat(chunks).toString("utf8") || "[]");

const ajv = new Ajv({ strict: true, allErrors: true });
addFormats(ajv);
const names = readdirSync(folder).filter((name) => name.endsWith(".schema.json"));
for (const name of names) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), "utf8")));
for (const name of names) {
  const { $defs = {} } = JSON.parse(readFileSync(join(folder, name), "utf8"));
  if (typeof ajv.getSchema(name) !== "function") throw new Error(name);
  for (const part of Object.keys($defs)) ajv.compile({ $ref: `${name}#/$defs/${part}` });
}
const answers = documents.map(([name, document]) => ajv.validate(name, document));
process.stdout.write(JSON.stringify({ compiled: names.sort(), answers }));
