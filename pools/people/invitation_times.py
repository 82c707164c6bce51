"""How long an invitation can be used.

Named by the settings, which load before the models: nothing here may need them.
"""

from typing import Final

# Unless INVITATION_DAYS is set.
USUAL_INVITATION_DAYS: Final = 7
