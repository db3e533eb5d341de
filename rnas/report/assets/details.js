/* The details of a network, unpacked one part at a time on request. */
const parts = new Map();

const unpacked = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
};

const detailOf = async (row) => {
  const { each, parts: packed } = run.details;
  const part = Math.floor(row / each);
  if (!parts.has(part)) parts.set(part, unpacked(packed[part]));
  const columns = await parts.get(part);
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row % each]]));
};
