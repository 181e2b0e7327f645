import { readFileSync } from "node:fs"; import z from "node:zlib";
const code = readFileSync("/tmp/eldist/elements/index.js","utf8");
const br = (t) => z.brotliCompressSync(Buffer.from(t),{params:{[z.constants.BROTLI_PARAM_QUALITY]:11,[z.constants.BROTLI_PARAM_SIZE_HINT]:t.length}}).length;
const all = br(code); console.log(all);
const drop=(name,re)=>{ const m=code.match(re); if(!m) return console.log("no",name); console.log(name.padEnd(20), m[0].length, all-br(code.replace(m[0],""))); };
// css
let i=0; for (const m of code.matchAll(/[\("'](:host\{[^"']*)["']/g)) console.log("css", m[1].length, all-br(code.replace(m[1],"")), m[1].slice(0,60));
let css=code; for (const m of code.matchAll(/[\("'](:host\{[^"']*)["']/g)) css=css.replace(m[1],""); console.log("all css", all-br(css));
let t=code; const texts=[...code.matchAll(/(?:T|L|le|be|fe)=\{(?:[^{}]|\$\{[^{}]*\}|\{[^{}]*\})*\}/g)].map(m=>m[0]); for(const x of texts) {console.log("text",x.length, all-br(code.replace(x,"")), x.slice(0,50));}
