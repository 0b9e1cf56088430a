// Asks Perfetto's own trace processor about a timeline: node trace_processor.mjs DIRECTORY FILE QUERY…
// DIRECTORY has the trace processor as Perfetto's user interface runs it, in WebAssembly: trace_processor.wasm,
// engine_bundle.node.js (its worker) and engine.mjs (its client). Prints one JSON array of rows a query.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { pathToFileURL } from "node:url";

const [directory, file, ...queries] = process.argv.slice(2);
const here = (name) => path.resolve(directory, name);

// The worker expects a browser's: files by XMLHttpRequest, a port by its first message.
const scope = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
scope("self", globalThis);
scope("WorkerGlobalScope", class {});
scope("location", { href: pathToFileURL(here("x")).href });
scope("XMLHttpRequest", class {
  open(_, url) { this.path = here(path.basename(url)); }
  send() {
    const bytes = fs.readFileSync(this.path);
    this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    this.status = 200;
    this.onload?.();
  }
});
scope("fetch", async (url) => new Response(fs.readFileSync(here(path.basename(String(url)))), { headers: { "Content-Type": "application/wasm" } }));
console.warn = console.log = () => {};  // stdout is the answer's
vm.runInThisContext(fs.readFileSync(here("engine_bundle.node.js"), "utf8"));
const { port1, port2 } = new MessageChannel();
globalThis.onmessage({ data: port1 });

const { EngineBase } = await import(pathToFileURL(here("engine.mjs")));
class Client extends EngineBase {
  mode = "WASM";
  id = "test";
  constructor() {
    super();
    port2.onmessage = ({ data }) => this.onRpcResponseBytes(data);
  }
  rpcSendRequestBytes(data) { port2.postMessage(data); }
}
const client = new Client();
await client.parse(new Uint8Array(fs.readFileSync(file)));
await client.notifyEof();
for (const query of queries) {
  const result = await client.query(query);
  const rows = [];
  for (const row = result.iter({}); row.valid(); row.next())
    rows.push(Object.fromEntries(result.columns().map((name) => [name, row.get(name)])));
  process.stdout.write(JSON.stringify(rows, (_, value) => typeof value === "bigint" ? Number(value) : value) + "\n");
}
process.exit(0);
