"""Many profiles in one request, described. Contract 11.1."""

from console.service.api import bulk
from console.service.api.openapi.operation import Answer, Operation, Operations
from console.service.api.openapi.types import Accepted, Moment, OperationId, Url


class AcceptedProfiles(Accepted, frozen=True, kw_only=True):
    operation_id: OperationId
    created_at: Moment
    status_url: Url


OPERATIONS: Operations = {
    bulk.put_profiles: Operation({202: Answer(AcceptedProfiles)}, body=bulk.PutProfiles)
}
