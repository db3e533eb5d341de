from .judgement import ReproductionStatus as ReproductionStatus
