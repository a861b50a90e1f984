// SPDX-License-Identifier: Apache-2.0
// The verbs of the service, each in the file of its concept. routes.cpp says under which method and
// path each stands and which role it needs.
#pragma once

#include "node/service/call.hpp"

namespace sangam::node {

using Verb = Result<Reply> (*)(Call& call);

// status.cpp
Result<Reply> status(Call& call);
// doctor.cpp
Result<Reply> doctor_checks(Call& call);
// membership.cpp
Result<Reply> join_federation(Call& call);
Result<Reply> admit_node_of_institution(Call& call);
// datasets.cpp
Result<Reply> list_datasets(Call& call);
Result<Reply> show_dataset(Call& call);
Result<Reply> create_dataset(Call& call);
Result<Reply> set_dataset(Call& call);
Result<Reply> resume_dataset(Call& call);
// records.cpp: arguments institution, dataset, collection, id
Result<Reply> get_record(Call& call);
Result<Reply> record_history(Call& call);
// edits.cpp: the same arguments
Result<Reply> put_record(Call& call);
Result<Reply> delete_record(Call& call);
Result<Reply> restore_record(Call& call);
// import_export.cpp
Result<Reply> import_files(Call& call);
// running_imports.cpp
Result<Reply> list_imports(Call& call);
Result<Reply> export_dataset(Call& call);
// grants.cpp
Result<Reply> add_grant(Call& call);
Result<Reply> list_grants(Call& call);
Result<Reply> revoke_grant(Call& call);
Result<Reply> list_holders(Call& call);
// subscriptions.cpp
Result<Reply> add_subscription(Call& call);
Result<Reply> list_subscriptions(Call& call);
Result<Reply> remove_subscription(Call& call);
// search.cpp
Result<Reply> search(Call& call);
// conflicts.cpp
Result<Reply> list_conflicts(Call& call);
Result<Reply> show_conflict(Call& call);
// resolutions.cpp: arguments institution, dataset, collection, id, field
Result<Reply> resolve_conflict(Call& call);
// quarantine.cpp
Result<Reply> list_quarantine(Call& call);
Result<Reply> show_quarantined(Call& call);
Result<Reply> drop_quarantined(Call& call);
// verify.cpp
Result<Reply> verify(Call& call);
// tokens.cpp
Result<Reply> add_token(Call& call);
Result<Reply> list_tokens(Call& call);
Result<Reply> revoke_token(Call& call);

}  // namespace sangam::node
