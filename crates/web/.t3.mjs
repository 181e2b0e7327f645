import { readFileSync } from "node:fs"; import z from "node:zlib"; import { minify } from "terser";
const code = readFileSync("/tmp/pre.js","utf8");
const br = (t) => z.brotliCompressSync(Buffer.from(t),{params:{[z.constants.BROTLI_PARAM_QUALITY]:11,[z.constants.BROTLI_PARAM_SIZE_HINT]:t.length}}).length;
const parts = code.split(/^(?=\/\/ )/m);
const min = async (c) => { const r=await minify(c,{module:true,ecma:2020,compress:{passes:3,unsafe_arrows:true,directives:false,inline:0,reduce_vars:false,unused:false,collapse_vars:false}}); return r.code; };
const mins = await Promise.all(parts.map(async p=>[p.split("\n")[0], await min(p)]));
const total = br(mins.map(([,c])=>c).join(""));
console.log(total);
for (const [n,c] of mins) console.log(String(c.length).padStart(6), String(br(c)).padStart(6), String(total-br(mins.filter(([m])=>m!==n).map(([,c])=>c).join(""))).padStart(6), n);
