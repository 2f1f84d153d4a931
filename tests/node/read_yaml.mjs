// Read words as a value and as a key, as editors do, and print what came out as JSON.
import { parseDocument } from "yaml";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const words = JSON.parse(Buffer.concat(chunks).toString("utf8"));

function read(text) {
  const document = parseDocument(text);
  return document.errors.length ? undefined : document.toJS();
}

function reading(value) {
  if (value === undefined) return "refused";
  if (value === null) return "null";
  return typeof value === "string" ? `text ${value}` : typeof value;
}

const found = {};
for (const word of words) {
  const value = read(`k: ${word}\n`);
  const map = read(`${word}: v\n`);
  const isMap = map !== null && typeof map === "object" && !Array.isArray(map);
  found[word] = [reading(value === undefined ? undefined : value.k), isMap ? Object.keys(map)[0] : "refused"];
}
process.stdout.write(JSON.stringify(found));
