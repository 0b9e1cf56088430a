// Reads Kanata files with the parser of the Konata viewer itself: node konata.mjs ESBUILD KONATA FILE…
// ESBUILD: the directory of the esbuild package; KONATA: a checkout of the viewer. Prints one JSON object a file.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import os from "node:os";

const [esbuildDirectory, konata, ...files] = process.argv.slice(2);
const esbuild = await import(pathToFileURL(path.join(esbuildDirectory, "lib/main.js")));
const core = (name) => JSON.stringify(path.resolve(konata, "src/core", name));
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "konata-"));
const outfile = path.join(directory, "parser.mjs");
await (esbuild.build ?? esbuild.default.build)({
  stdin: {
    contents: `export { OnikiriParser } from ${core("onikiri_parser.ts")};
               export { FileLineReader } from ${core("file_line_reader.ts")};`,
    resolveDir: path.resolve(konata),
  },
  bundle: true, format: "esm", platform: "node", outfile, logLevel: "error",
  plugins: [{  // compressed logs are not what is tested here
    name: "no-zstd",
    setup(build) {
      build.onResolve({ filter: /zstd/ }, (args) => args.path.startsWith("@") ? { path: args.path, namespace: "none" } : undefined);
      build.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const Zstd = {};" }));
    },
  }],
});
const { OnikiriParser, FileLineReader } = await import(pathToFileURL(outfile));
for (const file of files) {
  const warnings = [];
  console.warn = (text) => warnings.push(text);
  const trace = await new OnikiriParser().parse(new FileLineReader(new File([fs.readFileSync(file)], file)));
  let ops = 0, flushed = 0, stages = 0;
  for (let id = 0; id <= trace.lastID; id++) {
    const op = trace.getOp(id);
    if (!op) continue;
    ops++;
    flushed += op.flush ? 1 : 0;
    for (const lane of op.lanes) stages += lane ? lane.stages.length : 0;
  }
  console.log(JSON.stringify({ file, ops, flushed, stages, warnings }));
}
fs.rmSync(directory, { recursive: true });
