// The functions any statement may call, and those no grant can name, as data. Must never list one that reads beyond its arguments or changes anything.

/**
 * Pure functions of PostgreSQL's own, aggregates, window functions, and random values.
 * Not here though harmless in themselves, because one call can fill the server's memory or run for hours:
 * repeat, lpad, rpad, format, array_fill, generate_series, factorial. Not here because they tell about the server: version,
 * current_setting, pg_typeof and every pg_* function.
 */
const safeByKind: Readonly<Record<string, string>> = {
  aggregates: `count sum avg min max any_value array_agg string_agg bool_and bool_or every bit_and bit_or bit_xor json_agg jsonb_agg
    json_object_agg jsonb_object_agg stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp regr_avgx regr_avgy
    regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy mode percentile_cont percentile_disc range_agg range_intersect_agg`,
  windows: 'row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value',
  text: `lower upper initcap length char_length character_length octet_length bit_length btrim ltrim rtrim substr substring left right concat
    concat_ws replace translate reverse position strpos split_part starts_with ascii chr overlay normalize is_normalized to_hex to_bin to_oct
    md5 sha224 sha256 sha384 sha512 encode decode convert_to convert_from casefold
    regexp_replace regexp_match regexp_matches regexp_count regexp_instr regexp_like regexp_substr regexp_split_to_array
    regexp_split_to_table string_to_array string_to_table similar_to_escape similar_escape like_escape`,
  numbers: `abs ceil ceiling floor round trunc mod div power pow sqrt cbrt exp ln log log10 sign pi degrees radians sin cos tan cot asin acos
    atan atan2 sinh cosh tanh asinh acosh atanh gcd lcm width_bucket scale min_scale trim_scale random random_normal erf erfc get_bit get_byte
    set_bit set_byte bit_count`,
  dates: `now clock_timestamp statement_timestamp transaction_timestamp age date_part extract date_trunc date_bin date_add date_subtract
    make_date make_time make_timestamp make_timestamptz make_interval justify_days justify_hours justify_interval to_timestamp to_date to_char
    to_number timezone isfinite overlaps`,
  json: `to_json to_jsonb row_to_json array_to_json json_build_object json_build_array jsonb_build_object jsonb_build_array json_object
    jsonb_object json_array_length jsonb_array_length json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text
    json_object_keys jsonb_object_keys json_typeof jsonb_typeof json_strip_nulls jsonb_strip_nulls jsonb_set jsonb_set_lax jsonb_insert
    jsonb_delete jsonb_delete_path jsonb_pretty json_each json_each_text jsonb_each jsonb_each_text json_array_elements
    json_array_elements_text jsonb_array_elements jsonb_array_elements_text json_to_record json_to_recordset jsonb_to_record
    jsonb_to_recordset jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_contains
    jsonb_exists jsonb_exists_any jsonb_exists_all`,
  arrays: `array_length cardinality array_append array_prepend array_cat array_remove array_replace array_position array_positions
    array_to_string array_dims array_ndims array_lower array_upper trim_array array_reverse array_sort array_sample array_shuffle unnest
    num_nulls num_nonnulls`,
  ranges: 'int4range int8range numrange tsrange tstzrange daterange isempty lower_inc upper_inc lower_inf upper_inf range_merge multirange',
  search: `to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight numnode strip
    tsvector_to_array array_to_tsvector`,
  uuids: 'gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version',
};

/**
 * Functions that would void the first wall for everything else: they run SQL given as text, or change the session or another one.
 * A grant that names one is refused when the extension is opened.
 */
const neverByKind: Readonly<Record<string, string>> = {
  runsText: `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml table_to_xmlschema
    table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema
    database_to_xml_and_xmlschema ts_stat ts_rewrite dblink dblink_connect dblink_connect_u dblink_exec dblink_open dblink_fetch
    dblink_send_query dblink_get_result crosstab crosstab2 crosstab3 crosstab4 connectby xpath_table`,
  changesSession: 'set_config pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_notify setseed',
  /** What an earlier statement of the same connection drew from a sequence: another tenant's, maybe. */
  tellsSession: 'lastval currval',
  changesServer: `pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile pg_read_file pg_read_binary_file pg_ls_dir
    pg_stat_file lo_import lo_export lo_create lo_creat lo_from_bytea lo_put lo_open lowrite lo_unlink pg_promote pg_switch_wal
    pg_create_restore_point pg_backup_start pg_backup_stop pg_logical_emit_message`,
};

const words = (table: Readonly<Record<string, string>>): ReadonlySet<string> =>
  new Set(
    Object.values(table)
      .flatMap((line) => line.split(/\s+/))
      .filter((word) => word !== ''),
  );

export const makeSafeFunctions = (): ReadonlySet<string> => words(safeByKind);
export const makeNeverFunctions = (): ReadonlySet<string> => words(neverByKind);
