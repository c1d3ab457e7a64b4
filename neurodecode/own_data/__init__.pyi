from .families import survey_study as survey_study
from .survey import Survey as Survey
