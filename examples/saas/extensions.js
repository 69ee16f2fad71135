// Writes what a tenant deploys as a package. Must never let the tenant's text be anything but its script: the manifest, the id and the path are ours.
import { mkdir, rename, writeFile } from 'node:fs/promises';

/** The id of what was written; null where the name is none. */
export const writeExtension = async (folder, tenant, name, source) => {
  if (!/^[a-z]{3,30}$/.test(name) || typeof source !== 'string') return null;
  // Its tenant's name stands before it: nobody can put an extension in another's place.
  const id = `${tenant}-${name}`;
  await mkdir(`${folder}/${id}`, { recursive: true });
  await writeFile(`${folder}/${id}/index.js.new`, source);
  await rename(`${folder}/${id}/index.js.new`, `${folder}/${id}/index.js`);
  await writeFile(
    `${folder}/${id}/package.json`,
    JSON.stringify({ name: id, version: '1.0.0', type: 'module', main: 'index.js', cloister: {} }),
  );
  return id;
};
