// Names that Directus's services have methods by, so that one which is not granted says so when it is called. Must never be taken for a list of what there is: the host decides.

/** Directus 12; of ItemsService first, then of the others. */
export const knownMethods: readonly string[] = [
  'getKeysByQuery createOne createMany readByQuery readOne readMany updateByQuery updateOne updateBatch updateMany upsertOne upsertMany',
  'deleteByQuery deleteOne deleteMany readSingleton upsertSingleton clearCaches clearCache getAsset zipFiles zipFolder login refresh logout',
  'verifyPassword exportToFile transform install uninstall reinstall readAll columnInfo createField updateField updateFields deleteField',
  'uploadOne importOne buildTree execute getSchema read import importJSON importCSV importBatch send getMetaForQuery totalCount filterCount',
  'sendEmail processValues getItemPermissions foreignKeys revert snapshot apply diff getHashedSnapshot serverInfo health isSetupCompleted',
  'setOwner invite generateTFA enableTFA disableTFA verifyOTP inviteUser acceptInvite registerUser verifyRegistration requestPasswordReset',
  'resetPassword getUserByEmail inviteUrl sort getMainItem verifyHash getVersionSaves save promote broadcast',
]
  .join(' ')
  .split(' ');
